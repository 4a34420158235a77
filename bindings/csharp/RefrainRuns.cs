// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Models and the runs that make pictures of them. Needs a library with the feature cpu or gpu. See
// Refrain.cs.
#pragma warning disable 169, 649 // fields that only the library writes
using System;
using System.Runtime.InteropServices;

namespace Refrain
{
    /// <summary>What a run is to do.</summary>
    public sealed class RunSettings
    {
        /// <summary>When calls are skipped; null computes them all.</summary>
        public Policy Policy;
        /// <summary>Sampler steps, at least 1.</summary>
        public int Steps = 50;
        /// <summary>Seed of the noise.</summary>
        public ulong Seed;
        /// <summary>Classifier-free guidance; 1 leaves the unconditional half out.</summary>
        public float Guidance = 1.0f;
        /// <summary>The class of each picture, 0 to NumClasses, which stands for none.</summary>
        public uint[] Classes = { 0 };
        /// <summary>Where the pictures start from, in place of the seed's noise: channels, rows, columns of
        /// each; null for the noise.</summary>
        public float[] Latents;
    }

    /// <summary>Hears of every call of the network. For IL2CPP it must be a static method with the
    /// attribute MonoPInvokeCallback(typeof(Progress)). It must neither throw nor use the run.</summary>
    /// <param name="user">As handed to <see cref="Sampling.SetProgress"/>.</param>
    /// <param name="what">What was done.</param>
    /// <param name="made">Calls that are made.</param>
    /// <param name="calls">Calls of the run.</param>
    [UnmanagedFunctionPointer(CallingConvention.Cdecl)]
    public delegate void Progress(IntPtr user, ref CallEvent what, uint made, uint calls);

    /// <summary>A checkpoint, checked.</summary>
    public sealed class Model : IDisposable
    {
        internal readonly ModelHandle Handle;

        private Model(ModelHandle handle) { Handle = handle; }

        /// <summary>Reads a .safetensors file.</summary>
        /// <exception cref="RefrainException">Why it cannot be read, naming the tensor.</exception>
        public static Model Open(string path)
        {
            ModelHandle handle;
            var why = new byte[Native.WhyBytes];
            Native.Try(Native.refrain_model_open(Native.Utf8(path), IntPtr.Zero, out handle, why,
                (UIntPtr)why.Length), why);
            return new Model(handle);
        }

        /// <summary>Reads the contents of such a file, for example of a TextAsset.</summary>
        public static Model FromBytes(byte[] bytes)
        {
            ModelHandle handle;
            var why = new byte[Native.WhyBytes];
            Native.Try(Native.refrain_model_from_memory(bytes, (UIntPtr)bytes.Length, IntPtr.Zero, out handle, why,
                (UIntPtr)why.Length), why);
            return new Model(handle);
        }

        /// <summary>Its sizes.</summary>
        public ModelSizes Sizes
        {
            get { ModelSizes sizes; Native.Try(Native.refrain_model_info(Handle, out sizes), null); return sizes; }
        }

        /// <summary>The name of a class; its number, if the file has no names.</summary>
        public string ClassName(int number)
        {
            return Native.Filled((byte[] text, UIntPtr room, out UIntPtr length) =>
                Native.refrain_model_class_name(Handle, (uint)number, text, room, out length));
        }

        /// <summary>The number of a class, from its name or its number as text.</summary>
        public uint FindClass(string name)
        {
            uint number;
            Native.Try(Native.refrain_model_find_class(Handle, Native.Utf8(name), out number), null);
            return number;
        }

        /// <summary>Frees it. Engines made of it go on.</summary>
        public void Dispose() { Handle.Dispose(); }
    }

    /// <summary>A model prepared on a device. Samplings on several threads may share it.</summary>
    public sealed class Engine : IDisposable
    {
        internal readonly EngineHandle Handle;

        /// <summary>Prepares a model; the weights are loaded here.</summary>
        /// <exception cref="RefrainException">There is no such device, or it cannot hold the model.</exception>
        public Engine(Model model, Backend backend = Backend.Auto)
        {
            var why = new byte[Native.WhyBytes];
            Native.Try(Native.refrain_engine_create(model.Handle, backend, out Handle, why, (UIntPtr)why.Length), why);
        }

        /// <summary>The name of the device.</summary>
        public string DeviceName
        {
            get
            {
                return Native.Filled((byte[] text, UIntPtr room, out UIntPtr length) =>
                    Native.refrain_engine_device_name(Handle, text, room, out length));
            }
        }

        /// <summary>Frees it. Samplings made with it go on.</summary>
        public void Dispose() { Handle.Dispose(); }
    }

    /// <summary>A run that makes pictures, a frame's worth of work at a time.</summary>
    public sealed class Sampling : IDisposable
    {
        private readonly SamplingHandle handle;
        private readonly byte[] why = new byte[Native.WhyBytes];
        private Progress progress; // alive as long as the library may call it

        /// <summary>Starts a run. All memory it needs is taken here.</summary>
        public Sampling(Engine engine, RunSettings wanted)
        {
            Settings settings;
            Native.Try(Native.refrain_settings_default((UIntPtr)Marshal.SizeOf(typeof(Settings)), out settings), null);
            GCHandle classes = GCHandle.Alloc(wanted.Classes, GCHandleType.Pinned);
            GCHandle policy = GCHandle.Alloc(wanted.Policy == null ? null : wanted.Policy.Data, GCHandleType.Pinned);
            GCHandle latents = GCHandle.Alloc(wanted.Latents, GCHandleType.Pinned);
            try
            {
                settings.Steps = (uint)wanted.Steps;
                settings.Seed = wanted.Seed;
                settings.Guidance = wanted.Guidance;
                settings.ClassCount = (uint)wanted.Classes.Length;
                settings.Classes = classes.AddrOfPinnedObject();
                if (wanted.Policy != null) settings.Policy = policy.AddrOfPinnedObject();
                if (wanted.Latents != null)
                {
                    settings.Latents = latents.AddrOfPinnedObject();
                    settings.LatentCount = (UIntPtr)wanted.Latents.Length;
                }
                Native.Try(Native.refrain_sampling_create(engine.Handle, ref settings, out handle, why,
                    (UIntPtr)why.Length), why);
            }
            finally
            {
                classes.Free();
                policy.Free();
                latents.Free();
            }
        }

        private Sampling(SamplingHandle resumed) { handle = resumed; }

        /// <summary>Goes on with a run that Save made bytes of, with its settings, on any device. Status.Format:
        /// they are no saved run, of another version or model, or damaged.</summary>
        public static Sampling Resume(Engine engine, byte[] saved)
        {
            SamplingHandle resumed;
            var reason = new byte[Native.WhyBytes];
            Native.Try(Native.refrain_sampling_resume(engine.Handle, saved, (UIntPtr)saved.Length, out resumed, reason,
                (UIntPtr)reason.Length), reason);
            return new Sampling(resumed);
        }

        /// <summary>The run as bytes, to go on with it after the app was ended: for OnApplicationPause on
        /// mobiles. Status.Order: within a call, which is to be finished or cancelled first.</summary>
        public byte[] Save()
        {
            UIntPtr size;
            Status status = Native.refrain_sampling_save(handle, null, UIntPtr.Zero, out size, why, (UIntPtr)why.Length);
            if (status != Status.Capacity) Native.Try(status, why);
            var saved = new byte[(int)size];
            Native.Try(Native.refrain_sampling_save(handle, saved, size, out size, why, (UIntPtr)why.Length), why);
            return saved;
        }

        /// <summary>Calls that are left; 0: the pictures are done. Known after the first advance.</summary>
        public int Left { get; private set; }

        /// <summary>Makes one call of the network, or stands in for it.</summary>
        public CallEvent Advance()
        {
            CallEvent what;
            uint left;
            Native.Try(Native.refrain_sampling_advance(handle, out what, out left, why, (UIntPtr)why.Length), why);
            GC.KeepAlive(progress);
            Left = (int)left;
            return what;
        }

        /// <summary>Goes on for a while and comes back, within a call of the network if need be. The
        /// pictures are the same, bit for bit.</summary>
        /// <param name="microseconds">When to come back; 0 for no limit on time. One kernel may take longer.</param>
        /// <param name="commands">Kernels to run at most; 0 for no limit.</param>
        /// <returns>Calls that this slice has finished.</returns>
        public int AdvanceSlice(ulong microseconds, int commands = 0)
        {
            uint made, left;
            Native.Try(Native.refrain_sampling_advance_slice(handle, microseconds, (uint)commands, out made, out left,
                why, (UIntPtr)why.Length), why);
            GC.KeepAlive(progress);
            Left = (int)left;
            return (int)made;
        }

        /// <summary>Has a method called after every call of the network, from within an advance and on its
        /// thread; null for none. In a frame loop what AdvanceSlice returns says the same.</summary>
        public void SetProgress(Progress callback, IntPtr user)
        {
            Native.Try(Native.refrain_sampling_set_progress(handle, callback, user), null);
            progress = callback;
        }

        /// <summary>Gives up what was done of the call that a slice has cut.</summary>
        public void Cancel() { Native.Try(Native.refrain_sampling_cancel(handle), null); }

        /// <summary>Bytes of a picture: 3 * side * side.</summary>
        public int PictureBytes
        {
            get
            {
                UIntPtr bytes;
                Status status = Native.refrain_sampling_image(handle, 0, null, UIntPtr.Zero, out bytes);
                if (status != Status.Capacity) Native.Try(status, null);
                return (int)bytes;
            }
        }

        /// <summary>Writes a picture as it is now: red, green and blue, row by row from the top.</summary>
        public void Picture(int picture, byte[] rgb)
        {
            UIntPtr bytes;
            Native.Try(Native.refrain_sampling_image(handle, (uint)picture, rgb, (UIntPtr)rgb.Length, out bytes), null);
        }

        /// <summary>Writes the latents of a picture as they are now: channels, rows, columns.</summary>
        public void Latents(int picture, float[] values)
        {
            UIntPtr count;
            Native.Try(Native.refrain_sampling_latents(handle, (uint)picture, values, (UIntPtr)values.Length, out count),
                null);
        }

        /// <summary>What happened so far.</summary>
        public Stats Stats
        {
            get { Stats stats; Native.Try(Native.refrain_sampling_stats(handle, out stats), null); return stats; }
        }

        /// <summary>What a user should hear of the policy.</summary>
        public Notice Notice
        {
            get { Notice notice; Native.Try(Native.refrain_sampling_notice(handle, out notice), null); return notice; }
        }

        /// <summary>Frees the run.</summary>
        public void Dispose() { handle.Dispose(); }
    }

    [StructLayout(LayoutKind.Sequential)]
    internal struct Settings
    {
        internal uint StructSize, Steps, HasSampler, Sampler;
        internal float Guidance;
        internal uint ClassCount, AnchorFormat, Reserved;
        internal ulong Seed;
        internal IntPtr Classes, Policy, Latents;
        internal UIntPtr LatentCount;
    }

    // Freed once, even if a call is under way on another thread.
    internal sealed class ModelHandle : SafeHandle
    {
        internal ModelHandle() : base(IntPtr.Zero, true) { }
        public override bool IsInvalid { get { return handle == IntPtr.Zero; } }
        protected override bool ReleaseHandle() { Native.refrain_model_destroy(handle); return true; }
    }

    internal sealed class EngineHandle : SafeHandle
    {
        internal EngineHandle() : base(IntPtr.Zero, true) { }
        public override bool IsInvalid { get { return handle == IntPtr.Zero; } }
        protected override bool ReleaseHandle() { Native.refrain_engine_destroy(handle); return true; }
    }

    internal sealed class SamplingHandle : SafeHandle
    {
        internal SamplingHandle() : base(IntPtr.Zero, true) { }
        public override bool IsInvalid { get { return handle == IntPtr.Zero; } }
        protected override bool ReleaseHandle() { Native.refrain_sampling_destroy(handle); return true; }
    }

    internal static partial class Native
    {
        [DllImport(Name, CallingConvention = C)]
        internal static extern Status refrain_model_open(byte[] path, IntPtr options, out ModelHandle model,
            [Out] byte[] why, UIntPtr whyBytes);
        [DllImport(Name, CallingConvention = C)]
        internal static extern Status refrain_model_from_memory(byte[] bytes, UIntPtr byteCount, IntPtr options,
            out ModelHandle model, [Out] byte[] why, UIntPtr whyBytes);
        [DllImport(Name, CallingConvention = C)] internal static extern void refrain_model_destroy(IntPtr model);
        [DllImport(Name, CallingConvention = C)]
        internal static extern Status refrain_model_info(ModelHandle model, out ModelSizes sizes);
        [DllImport(Name, CallingConvention = C)]
        internal static extern Status refrain_model_class_name(ModelHandle model, uint number, [Out] byte[] text,
            UIntPtr room, out UIntPtr length);
        [DllImport(Name, CallingConvention = C)]
        internal static extern Status refrain_model_find_class(ModelHandle model, byte[] name, out uint number);

        [DllImport(Name, CallingConvention = C)]
        internal static extern Status refrain_engine_create(ModelHandle model, Backend backend, out EngineHandle engine,
            [Out] byte[] why, UIntPtr whyBytes);
        [DllImport(Name, CallingConvention = C)] internal static extern void refrain_engine_destroy(IntPtr engine);
        [DllImport(Name, CallingConvention = C)]
        internal static extern Status refrain_engine_device_name(EngineHandle engine, [Out] byte[] text, UIntPtr room,
            out UIntPtr length);

        [DllImport(Name, CallingConvention = C)]
        internal static extern Status refrain_settings_default(UIntPtr structSize, out Settings settings);
        [DllImport(Name, CallingConvention = C)]
        internal static extern Status refrain_sampling_create(EngineHandle engine, ref Settings settings,
            out SamplingHandle sampling, [Out] byte[] why, UIntPtr whyBytes);
        [DllImport(Name, CallingConvention = C)] internal static extern void refrain_sampling_destroy(IntPtr sampling);
        [DllImport(Name, CallingConvention = C)]
        internal static extern Status refrain_sampling_save(SamplingHandle sampling, [Out] byte[] bytes, UIntPtr capacity,
            out UIntPtr size, [Out] byte[] why, UIntPtr whyBytes);
        [DllImport(Name, CallingConvention = C)]
        internal static extern Status refrain_sampling_resume(EngineHandle engine, byte[] bytes, UIntPtr size,
            out SamplingHandle sampling, [Out] byte[] why, UIntPtr whyBytes);
        [DllImport(Name, CallingConvention = C)]
        internal static extern Status refrain_sampling_advance(SamplingHandle sampling, out CallEvent what,
            out uint left, [Out] byte[] why, UIntPtr whyBytes);
        [DllImport(Name, CallingConvention = C)]
        internal static extern Status refrain_sampling_advance_slice(SamplingHandle sampling, ulong microseconds,
            uint commands, out uint made, out uint left, [Out] byte[] why, UIntPtr whyBytes);
        [DllImport(Name, CallingConvention = C)]
        internal static extern Status refrain_sampling_cancel(SamplingHandle sampling);
        [DllImport(Name, CallingConvention = C)]
        internal static extern Status refrain_sampling_set_progress(SamplingHandle sampling, Progress callback,
            IntPtr user);
        [DllImport(Name, CallingConvention = C)]
        internal static extern Status refrain_sampling_image(SamplingHandle sampling, uint picture, [Out] byte[] rgb,
            UIntPtr capacity, out UIntPtr bytes);
        [DllImport(Name, CallingConvention = C)]
        internal static extern Status refrain_sampling_latents(SamplingHandle sampling, uint picture,
            [Out] float[] values, UIntPtr capacity, out UIntPtr count);
        [DllImport(Name, CallingConvention = C)]
        internal static extern Status refrain_sampling_stats(SamplingHandle sampling, out Stats stats);
        [DllImport(Name, CallingConvention = C)]
        internal static extern Status refrain_sampling_notice(SamplingHandle sampling, out Notice notice);
    }
}
